/* Reads the title of a page; refused unless a gesture gave activeTab for it. */
export async function readPage(tabId) {
  const [{ result }] = await browser.scripting.executeScript({
    target: { tabId },
    func: () => document.title,
  });
  return result;
}
