// What the list shows: lines and, between them, the dashboard's own remarks. Turns the server's streams into rows.
import type { Labels, WireEntry, WireStream } from '../api/types'

export interface LineRow {
  readonly kind: 'line'
  readonly id: number
  /** Nanoseconds since 1970 as text: a JavaScript number cannot hold them. */
  readonly ns: string
  readonly line: string
  readonly labels: Labels
  readonly meta: Labels
  readonly parsed: Labels
}

/** A remark of the dashboard itself, such as "reconnected, 12 lines filled in". */
export interface MarkRow {
  readonly kind: 'mark'
  readonly id: number
  readonly text: string
}

export type Row = LineRow | MarkRow

const NOTHING: Labels = Object.freeze({})
let lastId = 0
let firstId = 0

export function mark(text: string): MarkRow {
  return { kind: 'mark', id: ++lastId, text }
}

function toRow(stream: Labels, entry: WireEntry, id: number): LineRow {
  const extras = entry[2]
  const meta = extras?.structuredMetadata ?? NOTHING
  return { kind: 'line', id, ns: entry[0], line: entry[1], labels: stream, meta, parsed: extras?.parsed ?? NOTHING }
}

/** Oldest first; `older` rows get ids below all others, so that ids always rise down the list. */
export function rowsOf(streams: readonly WireStream[], place: 'newer' | 'older' = 'newer'): LineRow[] {
  const flat: { stream: Labels; entry: WireEntry }[] = []
  for (const { stream, values } of streams) for (const entry of values) flat.push({ stream, entry })
  flat.sort((a, b) => compareNs(a.entry[0], b.entry[0]))
  let id = lastId
  if (place === 'older') {
    firstId -= flat.length
    id = firstId - 1
  } else {
    lastId += flat.length
  }
  return flat.map(({ stream, entry }) => toRow(stream, entry, ++id))
}

export function compareNs(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

export function nsToMs(ns: string): number {
  return Number(ns.slice(0, -6) || '0')
}

export function msToNs(ms: number): string {
  return ms <= 0 ? '0' : `${Math.floor(ms)}000000`
}

/** One attribute of a line, wherever the server put it. */
export function attribute(row: LineRow, name: string): string {
  return row.parsed[name] ?? row.meta[name] ?? row.labels[name] ?? ''
}

/** Same instant, same stream, same words: what a repeated entry looks like. */
export function identity(row: LineRow): string {
  return `${row.ns}\u0000${row.line}\u0000${JSON.stringify(row.labels)}`
}
