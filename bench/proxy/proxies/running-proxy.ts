/** Resources that a proxy has used. */
export interface Usage {
  /** User and system time of all its processes and threads so far. */
  cpuMicroseconds: number
  rssBytes: number
  /** Heap and buffers in use, where it can be told. */
  heapBytes?: number | undefined
}

/** A proxy that listens on a port of this machine. */
export interface RunningProxy {
  readonly name: string
  readonly port: number
  /** Its processes; none for the upstream itself. */
  readonly pids: readonly number[]
  usage(): Promise<Usage>
  /** The same after a garbage collection, where one can be asked for. */
  usageCollected(): Promise<Usage>
  close(): Promise<void>
}
