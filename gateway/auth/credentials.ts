import { MAX_PASSWORD_BYTES } from './passwords.ts'

/** 1–64 characters (code points), none of them a control, format, private, unassigned or separator one. */
const USERNAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u

/**
 * The form in which a username is stored and looked up: without spaces around it and in NFC, so that names that
 * look the same are the same. Upper and lower case differ. Undefined when it cannot be one.
 */
export function readUsername(text: string): string | undefined {
  const name = text.trim().normalize('NFC')
  return USERNAME.test(name) ? name : undefined
}

/** 1–1,024 bytes of UTF-8; no other rule, the account's owner knows best. */
export const isPassword = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_PASSWORD_BYTES && Buffer.byteLength(text) <= MAX_PASSWORD_BYTES
