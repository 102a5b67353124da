/** The shortest proxy of Node's own parts. */
export const PIPE = 'http.request().pipe(res)'
/** The usual proxy on `fetch`. */
export const FETCH_LOOP = 'undici fetch, read in a loop'
/** The lower bound for a proxy on undici. */
export const DISPATCH = 'undici dispatch, written straight to res'
export const OURS = 'sseProxy'
export const OURS_RESILIENT = 'sseProxy: retry, breaker, budget, error events'
export const NGINX = 'nginx'
/** The upstream itself, without a proxy. */
export const DIRECT = 'direct connection'

/** Those that the quick form measures: the baselines of the targets, and ours. */
export const QUICK: readonly string[] = [PIPE, FETCH_LOOP, OURS, NGINX]
