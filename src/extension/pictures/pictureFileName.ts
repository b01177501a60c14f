/**
 * The name of a picture's file, without an extension, from words that came with a notebook which anyone may have written: letters, digits
 * and single hyphens, at most 60, so that no folder and no odd character is named.
 */
export function pictureFileName(words: string): string {
  const parts = String(words).match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  return [...parts.join('-')].slice(0, 60).join('').replace(/-$/, '') || 'picture'
}
