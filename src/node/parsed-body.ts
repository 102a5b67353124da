import type { NodeRequest } from './node-message.ts'

/**
 * Encodes the parsed body of a request as bytes again.
 *
 * JSON is serialized anew: white space and duplicate keys may differ from what the client sent.
 *
 * @throws TypeError if the body has been read and cannot be restored
 */
export function parsedBody(req: NodeRequest): Uint8Array<ArrayBuffer> {
  const { body, rawBody } = req
  if (rawBody instanceof Uint8Array) return new Uint8Array(rawBody)
  if (body instanceof Uint8Array) return new Uint8Array(body)
  const type = mediaType(req)
  if (body === undefined || type.startsWith('multipart/')) {
    throw new TypeError(
      `Cannot read the request body: it has been read already (content-type ${JSON.stringify(type)}). Mount the handler before the parser, or put the bytes on req.rawBody`,
    )
  }
  return new TextEncoder().encode(textOf(body, type))
}

function mediaType(req: NodeRequest): string {
  return (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function textOf(body: unknown, type: string): string {
  if (typeof body === 'string' && (!isJson(type) || parses(body))) return body
  if (type === 'application/x-www-form-urlencoded') return formText(body)
  return JSON.stringify(body) ?? ''
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json')
}

/** Distinguishes the text of a JSON document (`express.text()`) from a parsed JSON string (`strict: false`). */
function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function formText(body: unknown): string {
  const form = new URLSearchParams()
  appendField(form, '', body)
  return form.toString()
}

/** Appends nested values as `a[b]=c`, the form that body parsers accept. */
function appendField(form: URLSearchParams, name: string, value: unknown): void {
  if (value === null || typeof value !== 'object') {
    form.append(name, String(value ?? ''))
    return
  }
  for (const [key, item] of Object.entries(value)) {
    const isPlainItem = Array.isArray(value) && (item === null || typeof item !== 'object')
    if (isPlainItem && name !== '') appendField(form, name, item)
    else appendField(form, name === '' ? key : `${name}[${key}]`, item)
  }
}
