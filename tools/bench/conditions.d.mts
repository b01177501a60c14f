export function machine(): string
export function commandLine(args?: string[]): string
