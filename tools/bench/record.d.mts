export function recorded(markdown: string, title: string, body: string): string
