// Instants as text, in the reader's zone or in UTC.

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** 14:03:07.120 */
export function clockText(ms: number, utc: boolean): string {
  const at = new Date(ms)
  const parts = utc
    ? [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
    : [at.getHours(), at.getMinutes(), at.getSeconds()]
  return `${parts.map((part) => pad(part)).join(':')}.${pad(at.getUTCMilliseconds(), 3)}`
}

/** 2026-11-23 */
export function dayText(ms: number, utc: boolean): string {
  const at = new Date(ms)
  const parts = utc
    ? [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
    : [at.getFullYear(), at.getMonth(), at.getDate()]
  return `${pad(parts[0] ?? 0, 4)}-${pad((parts[1] ?? 0) + 1)}-${pad(parts[2] ?? 0)}`
}

export function instantText(ms: number, utc: boolean): string {
  return `${dayText(ms, utc)} ${clockText(ms, utc).slice(0, 8)}`
}

/** "3 min ago", for the eye; the exact instant always stands beside it. */
export function agoText(ms: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000))
  if (seconds < 60) return 'just now'
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** The text a `datetime-local` field wants, and back. */
export function toField(ms: number, utc: boolean): string {
  return `${dayText(ms, utc)}T${clockText(ms, utc).slice(0, 8)}`
}

export function fromField(text: string, utc: boolean): number {
  return Date.parse(utc ? `${text}Z` : text)
}
