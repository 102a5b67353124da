/** The received part of a body, and how it ended. */
export interface ReadResponse {
  bytes: Buffer
  end: 'clean' | 'broken'
}

/** Reads a response until it ends or fails. */
export async function readResponse({ body }: Response): Promise<ReadResponse> {
  const chunks: Uint8Array[] = []
  const reader = body?.getReader()
  try {
    for (;;) {
      const result = await reader?.read()
      if (result === undefined || result.done) return { bytes: Buffer.concat(chunks), end: 'clean' }
      chunks.push(result.value)
    }
  } catch {
    return { bytes: Buffer.concat(chunks), end: 'broken' }
  }
}
