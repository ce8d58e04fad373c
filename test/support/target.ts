import { SignJWT } from 'jose'

/** A running Homing that end-to-end tests talk to over the wire only. */
export interface Target {
  /** http:// addresses; two users of a test are given different ones where there are several. */
  readonly gateways: readonly string[]
  readonly secret: string
}

/** The gateway the `index`th client of a test uses. */
export const gatewayOf = (target: Target, index: number): string => {
  const url = target.gateways[index % target.gateways.length]
  if (url === undefined) throw new Error('the target has no gateway')
  return url
}

/** An access token as somebody else's user centre would sign it. */
export function signToken(
  target: Target,
  user: string | number,
  claims: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ uid: user, typ: 'access', sv: 0, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('homing')
    .setIssuedAt()
    .setExpirationTime((claims.exp as number | undefined) ?? '1h')
    .sign(new TextEncoder().encode(target.secret))
}

let users = 0

/** A user id that no other test has. */
export const newUser = (name: string): string => `${name}-${process.pid}-${++users}`
