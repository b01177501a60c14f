/** Picture types whose bytes a notebook keeps in base64, and the ending of a file of each. */
export const rasterTypes: Record<string, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}
