// Log text made safe for the eye. Control and direction characters can hide or reorder what a line says, so
// they are shown as symbols. Copying always gives the untouched text.

// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

function symbol(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}

export function visible(text: string): string {
  return text.replace(UNSEEN, symbol)
}

const ROW_LENGTH = 2000

/** A line for one row of the list: no line breaks, and not longer than anybody reads in a row. */
export function oneLine(text: string): string {
  const cut = text.length > ROW_LENGTH ? `${text.slice(0, ROW_LENGTH)} …` : text
  return visible(cut.replace(/\r?\n\s*/g, ' ⏎ '))
}

export interface Segment {
  readonly text: string
  readonly hit: boolean
}

/** The text cut at the words looked for. */
export function segments(text: string, words: readonly string[]): Segment[] {
  const found: Segment[] = []
  let rest = text
  while (rest) {
    const next = nearest(rest, words)
    if (!next) break
    if (next.at > 0) found.push({ text: rest.slice(0, next.at), hit: false })
    found.push({ text: next.word, hit: true })
    rest = rest.slice(next.at + next.word.length)
  }
  if (rest) found.push({ text: rest, hit: false })
  return found
}

function nearest(text: string, words: readonly string[]): { at: number; word: string } | null {
  let best: { at: number; word: string } | null = null
  for (const word of words) {
    const at = word ? text.indexOf(word) : -1
    if (at >= 0 && (!best || at < best.at)) best = { at, word }
  }
  return best
}
