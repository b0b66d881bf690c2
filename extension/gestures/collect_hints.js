/**
 * Reads what a page says of itself. `collect` is run in the page, so it can use nothing from outside
 * itself; what it returns is checked again (`boundHints`).
 *
 * It must not be led astray: forms and pictures of a page can be called `title` or `baseURI`, and
 * are then what `document.title` is, for scripts of extensions too. So what belongs to the document
 * is asked for by the prototypes that define it. It looks at so many elements at most, however large
 * the page is, and never changes anything.
 */

/** @import { LIMITS } from "../conversation/hints.js" */

/**
 * @param {typeof LIMITS} limits
 * @returns {unknown}
 */
export function collect(limits) {
  const MAX_ELEMENTS = 2_000;
  const MAX_FEED = 1_000_000;
  const HTML = "http://www.w3.org/1999/xhtml";
  const ATOM = ["http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"];
  const OF_A_BUTTON =
    /^data-((?:.+-)?(?:uid|owner|tags|category|language|hidden|revsharekey))$/i;
  const OF_FLATTR = /^\/(?:submit\/auto|thing\/|t\/|profile\/|user\/|@)/;

  /**
   * @param {object} prototype
   * @param {string} name
   * @returns {string}
   */
  const own = (prototype, name) =>
    String(Object.getOwnPropertyDescriptor(prototype, name)?.get?.call(document) ?? "");
  const base = own(Node.prototype, "baseURI");

  /**
   * The first elements of a document that are HTML, or Atom in a feed, whatever its prefix there.
   * @param {Document} root
   * @param {string} selector
   * @returns {Element[]}
   */
  const all = (root, selector) => {
    const found = Document.prototype.querySelectorAll.call(root, selector);
    return Array.prototype.slice.call(found, 0, MAX_ELEMENTS)
      .filter(({ namespaceURI }) => namespaceURI === HTML || ATOM.includes(namespaceURI));
  };

  /** @param {string | null | undefined} address */
  const absolute = (address) => {
    if (!address || address.length > limits.urlChars) return null;
    try {
      const url = new URL(address, base);
      return /^https?:$/.test(url.protocol) ? url : null;
    } catch {
      return null;
    }
  };

  /** What stands in a `noscript` is text to a page with scripts; parsed, but never loaded or run. */
  const unscripted = all(document, "noscript")
    .filter((one) => !one.firstElementChild && /flattr|payment/i.test(one.textContent ?? ""))
    .slice(0, limits.buttons)
    .map((one) => new DOMParser().parseFromString(one.textContent ?? "", "text/html"));

  /** Chromium shows a feed as the text that it is. */
  const feeds = own(Document.prototype, "contentType") === "text/plain"
    ? all(document, "body > pre:first-child").map((one) => (one.textContent ?? "").slice(0, MAX_FEED))
      .filter((text) => /^\s*<(?:\?xml|rss|(?:\w+:)?feed)\b/.test(text))
      .map((text) => new DOMParser().parseFromString(text, "text/xml"))
    : [];
  const roots = [document, ...feeds, ...unscripted];

  /**
   * The different addresses of elements with `href`.
   * @param {string} selector
   * @param {number} most
   * @param {(url: URL) => boolean} [isWanted]
   */
  const addresses = (selector, most, isWanted = () => true) => {
    const found = new Set();
    for (const element of roots.flatMap((root) => all(root, selector)).sort(channelFirst)) {
      const url = absolute(element.getAttribute("href"));
      if (url && isWanted(url)) found.add(url.href);
      if (found.size === most) break;
    }
    return [...found];
  };

  /**
   * What a feed says of itself goes before what it says of what it tells.
   * @param {Element} one
   * @param {Element} other
   */
  const channelFirst = (one, other) =>
    Number(one.closest("item, entry") !== null) - Number(other.closest("item, entry") !== null);

  /** @param {Element} element */
  const buttonOf = (element) => {
    const given = element.getAttribute("href");
    const marks = [element.getAttribute("rel"), element.getAttribute("rev")];
    /** @type {Record<string, string>} */
    const data = {};
    for (const { name, value } of element.attributes) {
      const [, key] = OF_A_BUTTON.exec(name) ?? [];
      if (key && Object.keys(data).length < limits.data) {
        data[key] = value.slice(0, limits.shortTextChars);
      }
    }
    return {
      // An address that none can go to stays as it is, and is refused later.
      href: given ? absolute(given)?.href ?? "" : null,
      rel: marks.find((mark) => mark?.startsWith("flattr;"))?.slice(0, limits.textChars) ?? "",
      title: element.getAttribute("title")?.slice(0, limits.shortTextChars) ?? "",
      language: element.getAttribute("lang")?.slice(0, limits.nameChars) ?? "",
      text: onOneLine(element.textContent, limits.shortTextChars),
      data,
    };
  };

  /**
   * @param {string | null | undefined} words
   * @param {number} maxChars
   */
  const onOneLine = (words, maxChars) =>
    (words ?? "").slice(0, 10 * maxChars).replace(/\s+/g, " ").trim().slice(0, maxChars);

  const channelPage = roots.map((root) => absolute(
    Document.prototype.querySelector.call(root, "channel > link:not([href])")?.textContent?.trim()))
    .find((url) => url !== null);
  const title = own(Document.prototype, "title") || roots.map((root) =>
    Document.prototype.querySelector.call(root, "channel > title, feed > title")?.textContent)
    .find(Boolean);

  /**
   * The first address of the page itself, or of the page that the feed is of.
   * @type {[selector: string, attribute: string][]}
   */
  const namedBy = [
    ['link[rel~="canonical" i][href]', "href"],
    ['meta[property="og:url" i][content]', "content"],
    [':is(feed, channel) > link:is(:not([rel]), [rel~="alternate" i])[href]', "href"],
  ];
  const canonical = roots.slice(0, 1 + feeds.length).flatMap((root) =>
    namedBy.flatMap(([selector, attribute]) =>
      all(root, selector).map((element) => absolute(element.getAttribute(attribute)))))
    .find((url) => url !== null) ?? channelPage;
  const loader = all(document, 'script[src*="flattr.com/" i]')
    .map((element) => absolute(element.getAttribute("src")))
    .find((url) => /(?:^|\.)flattr\.com$/.test(url?.host ?? "")
      && /\/load\.js$/.test(url?.pathname ?? ""));
  return {
    page: own(Document.prototype, "URL"),
    title: onOneLine(title, limits.textChars),
    canonical: canonical?.href ?? null,
    payment: addresses(
      'link[rel~="payment" i][href], a[rel~="payment" i][href]', limits.payment),
    buttons: roots.flatMap((root) => all(root, "a.FlattrButton"))
      .slice(0, limits.buttons).map(buttonOf),
    flattr_ids: [...new Set(all(document, 'meta[name="flattr:id" i][content]')
      .map((element) => onOneLine(element.getAttribute("content"), limits.nameChars)))]
      .slice(0, limits.flattrIds),
    links: addresses(
      'a[href*="flattr.com/" i]:not(.FlattrButton):not([rel~="payment" i])', limits.links,
      ({ host, pathname }) =>
        /^(?:www\.)?flattr\.com$/.test(host) && OF_FLATTR.test(pathname)),
    loader: loader?.href ?? null,
  };
}
