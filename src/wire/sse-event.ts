/** An event for the encoder. */
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

/** An event from the decoder. */
export interface DecodedSseEvent extends SseEvent {
  // Narrower than in the encoder's input: a field that is not in the stream is absent.
  event?: string
  id?: string
  retry?: number
  /**
   * The last event id at the time of the event. It is sticky, and blocks without data set it too; `id` is present only
   * if the block of this event has one.
   */
  lastEventId: string
}
