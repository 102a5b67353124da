/**
 * Returns the JSON of a chat completion request with `stream_options.include_usage` set; `undefined` if the request
 * does not stream, or asks for it already.
 *
 * The rest of the text stays as it is where that can be: a number with more digits than JavaScript has would change.
 */
export function askForUsage(text: string, json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return
  const { stream, stream_options: given } = json as { stream?: unknown; stream_options?: unknown }
  if (stream !== true) return
  if (typeof given === 'object' && given !== null) {
    if ((given as { include_usage?: unknown }).include_usage === true) return
    const stream_options = { ...given, include_usage: true }
    return JSON.stringify({ ...json, stream_options })
  }
  // Behind what stands there: of two values of a key the last one counts.
  const end = text.lastIndexOf('}')
  return `${text.slice(0, end)},"stream_options":{"include_usage":true}${text.slice(end)}`
}
