// Light, dark, or as the system has it (the default). Remembered in this browser only.

const KEY = 'whodid-theme'
export type Theme = 'system' | 'light' | 'dark'
const ORDER: readonly Theme[] = ['system', 'light', 'dark']

function stored(): Theme {
  const value = localStorage.getItem(KEY)
  return value === 'light' || value === 'dark' ? value : 'system'
}

class ThemeChoice {
  current = $state<Theme>(stored())

  constructor() {
    this.#apply()
  }

  next(): void {
    this.current = ORDER[(ORDER.indexOf(this.current) + 1) % ORDER.length] ?? 'system'
    localStorage.setItem(KEY, this.current)
    this.#apply()
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.current
  }
}

export const theme = new ThemeChoice()
