/** Pictures that came since the wall was drawn, while its runs live: told in a line, shown when somebody asks. */

import { setText } from "../panel/dom.js";
import { Poll } from "../panel/poll.js";

const FIRST = 2000;

export class News {
  /** `addressOf(entries)` is what to ask; `acts` has `gain(steps)` and `show()`. */
  constructor(line, addressOf, acts) {
    this.button = line.querySelector("button");
    this.trouble = line.querySelector("span");
    this.address = () => addressOf({ seen: this.mark });
    this.acts = acts;
    this.button.addEventListener("click", () => acts.show());
    this.poll = new Poll(
      () => (this.asked = this.address()),
      (answer) => this.take(answer),
      (text) => setText(this.trouble, text),
    );
  }

  /** The wall shows this answer now. */
  seen({ live, seen }) {
    const isFirst = this.mark === undefined;
    this.mark = seen;
    this.button.hidden = true;
    if (isFirst && live) this.poll.next(FIRST);
  }

  take({ steps, num_new: num }) {
    // Meanwhile the wall shows something else.
    if (this.asked !== this.address()) return;
    this.acts.gain(steps);
    this.button.hidden = !num;
    if (num) setText(this.button, `Show ${num.toLocaleString("en")} new`);
  }
}
