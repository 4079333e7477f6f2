// A bounded row of items in order: the newest push out the oldest, and what went is counted, never hidden.

export class Ring<T> {
  readonly capacity: number
  #items: (T | undefined)[]
  #head = 0
  #size = 0
  #dropped = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#items = new Array<T | undefined>(capacity)
  }

  get length(): number {
    return this.#size
  }

  /** How many items were pushed out since the last `clear`. */
  get dropped(): number {
    return this.#dropped
  }

  at(index: number): T | undefined {
    if (index < 0 || index >= this.#size) return undefined
    return this.#items[(this.#head + index) % this.capacity]
  }

  push(items: readonly T[]): void {
    for (const item of items) {
      this.#items[(this.#head + this.#size) % this.capacity] = item
      if (this.#size < this.capacity) {
        this.#size++
      } else {
        this.#head = (this.#head + 1) % this.capacity
        this.#dropped++
      }
    }
  }

  /** Puts older items before all others, as many of the newest of them as there is room for; says how many. */
  prepend(items: readonly T[]): number {
    const room = Math.min(this.capacity - this.#size, items.length)
    for (let i = 1; i <= room; i++) {
      this.#head = (this.#head - 1 + this.capacity) % this.capacity
      this.#items[this.#head] = items[items.length - i]
    }
    this.#size += room
    return room
  }

  /** Hands out everything and starts anew. */
  drain(): T[] {
    const all: T[] = []
    for (let i = 0; i < this.#size; i++) all.push(this.at(i) as T)
    this.clear()
    return all
  }

  clear(): void {
    this.#items = new Array<T | undefined>(this.capacity)
    this.#head = 0
    this.#size = 0
    this.#dropped = 0
  }
}
