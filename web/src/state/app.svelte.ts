// The state of the page, held in the address bar. Changing it here changes the address, and going back in the
// browser changes it here.
import { formatState, parseState, type ViewState } from './url'

class App {
  state = $state.raw<ViewState>(parseState(location.search, location.hash))

  constructor() {
    const read = (): void => {
      this.state = parseState(location.search, location.hash)
    }
    addEventListener('popstate', read)
    addEventListener('hashchange', read)
  }

  change(patch: Partial<ViewState>): void {
    const next = { ...this.state, ...patch }
    const address = location.pathname + formatState(next)
    if (address !== location.pathname + location.search + location.hash) history.pushState(null, '', address)
    this.state = next
  }
}

export const app = new App()
