declare module 'parse-prometheus-text-format' {
  interface ParsedFamily {
    name: string
    help: string
    type: string
    metrics: {
      labels?: Record<string, string>
      value?: string
      buckets?: Record<string, string>
      sum?: string
      count?: string
    }[]
  }

  function parse(text: string): ParsedFamily[]

  export = parse
}
