import type { GetServerSideProps } from 'next'
import Head from 'next/head'
import { type FormEvent, useState } from 'react'
import { type Answer, format } from '../components/crowd'
import Histogram from '../components/Histogram'
import styles from '../styles/index.module.css'

interface Props {
  first: Answer
  problem: string | null
}

const PROBLEM = 'That is no whole number from 1 to 99,999.'

export const getServerSideProps: GetServerSideProps<Props> = async ({ req, query }) => {
  // On the server, Python is asked where it listens; the cookie of the visitor goes along.
  const response = await fetch(`${process.env.SLUGLINE_ORIGIN}/api/guesses`, { headers: { cookie: req.headers.cookie ?? '' } })
  if (!response.ok) throw new Error(`Python answered ${response.status}: ${await response.text()}`)
  return { props: { first: await response.json(), problem: query.problem === 'number' ? PROBLEM : null } }
}

export default function Page({ first, problem: firstProblem }: Props) {
  const [{ crowd, guess, answer }, setAnswer] = useState(first)
  const [problem, setProblem] = useState(firstProblem)
  const [sending, setSending] = useState(false)

  // Without JavaScript the browser sends the same form to the same address, and Python sends it back to this page.
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const fields = new URLSearchParams({ guess: String(new FormData(form).get('guess') ?? '') })
    setSending(true)
    try {
      const response = await fetch('/api/guesses', { method: 'POST', headers: { accept: 'application/json' }, body: fields })
      const body = await response.json()
      setProblem(response.ok ? null : body.error)
      if (response.ok) {
        setAnswer(body)
        form.reset()
      }
    } catch {
      setProblem('The server did not answer. Try again.')
    } finally {
      setSending(false)
    }
  }

  return (
    <>
      <Head>
        <title>The wisdom of the crowd</title>
        <meta name="description" content="How many steps lead to the top of the Eiffel Tower? Guess, and see what everybody else thinks." />
      </Head>
      <main className={styles.main}>
        <header>
          <p className={styles.above}>The wisdom of the crowd</p>
          <h1>How many steps lead to the top of the Eiffel Tower?</h1>
          <p>Nobody knows, but everybody together is often close. Guess, and see where you stand.</p>
        </header>

        <form className={styles.form} action="/api/guesses" method="post" onSubmit={submit}>
          <label htmlFor="guess">Your guess</label>
          <div className={styles.row}>
            <input
              id="guess"
              name="guess"
              inputMode="numeric"
              autoComplete="off"
              placeholder="1,000"
              required
              aria-invalid={problem !== null}
              aria-describedby="problem"
            />
            <button disabled={sending}>{guess === null ? 'Guess' : 'Guess again'}</button>
          </div>
          <p id="problem" className={styles.problem} role="alert">
            {problem}
          </p>
        </form>

        <section id="crowd" className={styles.card} aria-live="polite">
          <h2>{guess === null || answer === null ? 'What everybody thinks' : verdict(guess, answer, crowd.median)}</h2>
          <Histogram crowd={crowd} guess={guess} />
          <dl className={styles.figures}>
            <Figure name="Guesses" value={format(crowd.count)} />
            <Figure name="Median" value={format(crowd.median)} />
            <Figure name="Average" value={format(crowd.mean)} />
            <Figure name="The middle half" value={`${format(crowd.middle[0])}–${format(crowd.middle[1])}`} />
          </dl>
        </section>

        <footer className={styles.footer}>
          The page is <code>pages/index.tsx</code>, in TypeScript. What it shows is counted by <code>pages/api/guesses.py</code>, in Python.
        </footer>
      </main>
    </>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function verdict(guess: number, answer: number, median: number): string {
  const beaten = Math.abs(guess - answer) <= Math.abs(median - answer)
  return `It is ${format(answer)}. You said ${format(guess)}: ${beaten ? 'closer than' : 'not as close as'} the crowd.`
}
