// The last seconds of a tail, remembered so that a new connection can start a little earlier than the old one
// ended: lines that arrive late are not missed, and lines already shown are not shown twice.
import { compareNs, identity, type LineRow } from '../logs/row'

const OVERLAP_NS = 5_000_000_000n

export class Recent {
  #seen: { ns: string; key: string }[] = []
  #newest = '0'
  /** Forgetting looks at every line remembered, so it waits until they have doubled. */
  #roomFor = 4096
  #repeats = new Map<string, number>()

  /** Remembers rows that are shown. */
  add(rows: readonly LineRow[]): void {
    for (const row of rows) {
      if (compareNs(row.ns, this.#newest) > 0) this.#newest = row.ns
      this.#seen.push({ ns: row.ns, key: identity(row) })
    }
    if (this.#seen.length > this.#roomFor) {
      this.#forget()
      this.#roomFor = Math.max(4096, 2 * this.#seen.length)
    }
  }

  /** Where the next connection should begin; `fallbackNs` when nothing has been seen yet. */
  resumeNs(fallbackNs: string): string {
    if (this.#newest === '0') return fallbackNs
    return String(BigInt(this.#newest) - OVERLAP_NS)
  }

  /** A connection begins: what it repeats of the remembered lines, each as often as it was seen, is not news. */
  expectRepeats(): void {
    this.#forget()
    this.#repeats.clear()
    for (const { key } of this.#seen) this.#repeats.set(key, (this.#repeats.get(key) ?? 0) + 1)
  }

  expectNone(): void {
    this.#repeats.clear()
  }

  unseen(rows: readonly LineRow[]): LineRow[] {
    if (this.#repeats.size === 0) return [...rows]
    return rows.filter((row) => {
      const key = identity(row)
      const left = this.#repeats.get(key) ?? 0
      if (left === 0) return true
      if (left === 1) this.#repeats.delete(key)
      else this.#repeats.set(key, left - 1)
      return false
    })
  }

  #forget(): void {
    const since = this.resumeNs('0')
    this.#seen = this.#seen.filter(({ ns }) => compareNs(ns, since) >= 0)
  }
}
