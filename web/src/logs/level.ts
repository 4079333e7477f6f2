// Levels: how a line's level is shown (a letter and a colour) and which spellings a filter chip covers.

export type Tone = 'danger' | 'warn' | 'info' | 'quiet'

export interface LevelMark {
  readonly letter: string
  readonly name: string
  readonly tone: Tone
}

const MARKS: Record<string, LevelMark> = {
  fatal: { letter: 'F', name: 'fatal', tone: 'danger' },
  critical: { letter: 'F', name: 'critical', tone: 'danger' },
  error: { letter: 'E', name: 'error', tone: 'danger' },
  err: { letter: 'E', name: 'error', tone: 'danger' },
  warn: { letter: 'W', name: 'warning', tone: 'warn' },
  warning: { letter: 'W', name: 'warning', tone: 'warn' },
  info: { letter: 'I', name: 'info', tone: 'info' },
  debug: { letter: 'D', name: 'debug', tone: 'quiet' },
  trace: { letter: 'T', name: 'trace', tone: 'quiet' },
}
const UNKNOWN: LevelMark = { letter: '·', name: 'no level', tone: 'quiet' }

export function levelMark(level: string): LevelMark {
  return MARKS[level.toLowerCase()] ?? UNKNOWN
}

export interface LevelGroup {
  readonly id: string
  readonly title: string
  readonly letter: string
  readonly tone: Tone
  /** Every value of `detected_level` the chip stands for; '' is a line without one. */
  readonly values: readonly string[]
}

export const LEVEL_GROUPS: readonly LevelGroup[] = [
  { id: 'error', title: 'Error', letter: 'E', tone: 'danger', values: ['error', 'critical', 'fatal'] },
  { id: 'warn', title: 'Warning', letter: 'W', tone: 'warn', values: ['warn', 'warning'] },
  { id: 'info', title: 'Info', letter: 'I', tone: 'info', values: ['info'] },
  { id: 'debug', title: 'Debug', letter: 'D', tone: 'quiet', values: ['debug', 'trace'] },
  { id: 'other', title: 'Other', letter: '·', tone: 'quiet', values: ['unknown', ''] },
]
