/** What pages/api/guesses.py answers. */
export interface Answer {
  crowd: Crowd
  /** What this browser has guessed. */
  guess: number | null
  /** Told to those who have guessed. */
  answer: number | null
}

export interface Crowd {
  count: number
  mean: number
  median: number
  /** The half of the guesses around the median. */
  middle: [number, number]
  bins: Bin[]
}

export interface Bin {
  start: number
  /** Null for the last one. */
  end: number | null
  count: number
}

export function format(value: number): string {
  return value.toLocaleString('en-GB')
}
