import { type Bin, type Crowd, format } from './crowd'
import styles from './Histogram.module.css'

interface Props {
  crowd: Crowd
  guess: number | null
}

export default function Histogram({ crowd, guess }: Props) {
  const highest = Math.max(...crowd.bins.map((bin) => bin.count))
  return (
    <figure className={styles.figure}>
      <div className={styles.bars} role="img" aria-label={`Most of ${crowd.count} guesses lie around ${crowd.median} steps.`}>
        {crowd.bins.map((bin) => (
          <div key={bin.start} className={styles.place} title={`${range(bin)}: ${bin.count}`}>
            <div className={holds(bin, guess) ? styles.yours : styles.bar} style={{ height: `${(bin.count / highest) * 100}%` }}>
              {holds(bin, guess) && <span className={styles.label}>you</span>}
            </div>
          </div>
        ))}
      </div>
      <div className={styles.axis} aria-hidden="true">
        {crowd.bins
          .filter((_, index) => index % 4 === 0)
          .map((bin) => (
            <span key={bin.start}>{format(bin.start) + (bin.end === null ? '+' : '')}</span>
          ))}
      </div>
      <details className={styles.details}>
        <summary>The same as a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Steps</th>
              <th scope="col">Guesses</th>
            </tr>
          </thead>
          <tbody>
            {crowd.bins.map((bin) => (
              <tr key={bin.start}>
                <td>{range(bin)}</td>
                <td>{bin.count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  )
}

function holds(bin: Bin, guess: number | null): boolean {
  return guess !== null && guess >= bin.start && (bin.end === null || guess < bin.end)
}

function range(bin: Bin): string {
  return bin.end === null ? `${format(bin.start)} and more` : `${format(bin.start)} to ${format(bin.end - 1)}`
}
