/** One event as the encoder takes it. */
export interface SseEvent {
  /** The event's type; without one a browser dispatches it as `message`. */
  event?: string | undefined
  /** The payload; line ends of all three kinds separate its lines. */
  data: string
  /** The event's own id; the empty string resets the client's last event id. */
  id?: string | undefined
  /** How long a client should wait before it connects again, in milliseconds. */
  retry?: number | undefined
}

/** One event as the decoder gives it. */
export interface DecodedSseEvent extends SseEvent {
  // Narrower than what the encoder takes: a field that was not in the stream is absent here.
  event?: string
  id?: string
  retry?: number
  /**
   * The last event id at the time of the event: the sticky one, which also blocks without data set.
   * `id` is there only if this very event carried one.
   */
  lastEventId: string
}
