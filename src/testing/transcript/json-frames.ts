/** Returns an event whose data is a JSON value, as APIs without event names send it. */
export function dataFrame(value: object, lineEnd = '\n'): string {
  return `data: ${JSON.stringify(value)}${lineEnd}${lineEnd}`
}

/** Returns an event with a name, whose data is a JSON value. */
export function namedFrame(event: string, value: object): string {
  return `event: ${event}\n${dataFrame(value)}`
}
