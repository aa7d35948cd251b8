export const convertLegacy = (_text: string): string | null => null
