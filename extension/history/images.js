/**
 * The images of things, where the person allowed them. The host fetches each one as its row comes
 * into view; the page itself loads nothing from anywhere.
 */

import * as messages from "../conversation/messages.js";
import { make } from "../presentation/dom.js";

/** @import { HostConnection } from "../conversation/host_connection.js" */
/** @import { Entry } from "../state/history_list.js" */

/** The host keeps half of its places for other requests; a few at a time leave it quick for those. */
const AT_ONCE = 4;

export class Images {
  /** @type {HostConnection} */ #connection;
  /** By address: empty where there is no image to be had. @type {Map<string, Promise<string>>} */
  #found = new Map();
  /** @type {(() => void)[]} */ #waiting = [];
  #underWay = 0;
  #isStopped = false;
  #observer = new IntersectionObserver((seen) => this.#see(seen), { rootMargin: "200px" });

  /** @param {HostConnection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * The place of an image: as large with it as without, with the first letter until it comes.
   * @param {Entry} entry
   */
  placeOf({ title, image }) {
    const place = make("span", "entry-image", [...title][0]?.toUpperCase() ?? "");
    place.setAttribute("aria-hidden", "true");
    if (image) {
      place.dataset.image = image;
      this.#observer.observe(place);
    }
    return place;
  }

  /** For good: what was to come is not asked for any more. */
  stop() {
    this.#isStopped = true;
    this.#observer.disconnect();
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #see(seen) {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      this.#observer.unobserve(target);
      this.#show(/** @type {HTMLElement} */ (target));
    }
  }

  /** @param {HTMLElement} place */
  async #show(place) {
    const { image: url = "" } = place.dataset;
    const image = this.#found.get(url) ?? this.#ask(url);
    this.#found.set(url, image);
    put(await image, place);
  }

  /**
   * @param {string} url
   * @returns {Promise<string>}
   */
  async #ask(url) {
    if (this.#underWay >= AT_ONCE) {
      await new Promise((resolve) => this.#waiting.push(() => resolve(null)));
    }
    if (this.#isStopped) return "";
    this.#underWay += 1;
    const answer = await this.#connection.request(messages.image(url));
    this.#underWay -= 1;
    this.#waiting.shift()?.();
    return answer.type === "done" ? answer.image ?? "" : "";
  }
}

/**
 * @param {string} image a `data:` URL, or empty
 * @param {HTMLElement} place
 */
function put(image, place) {
  if (!image.startsWith("data:image/")) return;
  const element = make("img", "");
  element.alt = "";
  element.src = image;
  place.replaceChildren(element);
}
