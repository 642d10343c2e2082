/** The time as `Date` says it (IMF-fixdate, RFC 9110 §5.6.7): worded once a second. */
export class HttpDate {
  #text = '';
  #second = 0;

  now(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
