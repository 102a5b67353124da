import { generate } from 'selfsigned'

/** A certificate and its key, both as PEM text. */
export interface LoopbackCertificate {
  key: string
  cert: string
}

/** Makes a self-signed certificate for `localhost` and `127.0.0.1`, which clients trust with `ca: cert`. */
export async function loopbackCertificate(): Promise<LoopbackCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { key, cert }
}
