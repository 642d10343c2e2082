/** What an error page is made from. */
export interface PageData {
  readonly Status: number;
  readonly StatusText: string;
  readonly Message: string;
  readonly Header: HeaderData;
}

export interface HeaderData {
  /** The first value, any case; empty when there is none. */
  Get(name: string): string;
}

export type Value = string | number | boolean | PageData | HeaderData;
export type ValueType = 'string' | 'number' | 'boolean' | 'page' | 'header';
