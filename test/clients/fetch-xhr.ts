/**
 * As much of `XMLHttpRequest` as sse.js uses, on top of `fetch`: its text grows while the response arrives, and it
 * sends no `accept` header of its own, which leaves the browser's default.
 */
export class FetchXhr extends EventTarget {
  static readonly HEADERS_RECEIVED = 2
  readyState = 0
  status = 0
  responseText = ''
  withCredentials = false
  #method = ''
  #url = ''
  #responseHeaders = new Headers()
  readonly #headers = new Headers()
  readonly #controller = new AbortController()

  get response(): string {
    return this.responseText
  }

  open(method: string, url: string): void {
    this.#method = method
    this.#url = url
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.append(name, value)
  }

  getAllResponseHeaders(): string {
    return [...this.#responseHeaders].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  }

  abort(): void {
    this.#controller.abort()
  }

  send(body: string): void {
    void this.#receive(body)
  }

  async #receive(body: string): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        method: this.#method,
        headers: this.#headers,
        signal: this.#controller.signal,
        ...(body !== '' && { body }),
      })
      this.status = response.status
      this.#responseHeaders = response.headers
      this.#setReadyState(FetchXhr.HEADERS_RECEIVED)
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) {
        this.responseText += decoder.decode(chunk, { stream: true })
        this.dispatchEvent(new Event('progress'))
      }
      this.#setReadyState(4)
      this.dispatchEvent(new Event('load'))
    } catch {
      this.#setReadyState(4)
      this.dispatchEvent(new Event(this.#controller.signal.aborted ? 'abort' : 'error'))
    }
  }

  #setReadyState(readyState: number): void {
    this.readyState = readyState
    this.dispatchEvent(new Event('readystatechange'))
  }
}
