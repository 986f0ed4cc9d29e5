/** Posts to the site; the answer is JSON. Raises an Error with what the server says, or that it says nothing. */
export async function post(address, fields = {}) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  let response;
  try {
    response = await fetch(address, { method: "POST", headers, body: new URLSearchParams(fields) });
  } catch {
    throw new Error("The server does not answer.");
  }
  // Signed out meanwhile: the page asks to sign in.
  if (response.status === 401) location.reload();
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.error ?? `The server refused (${response.status}).`);
  return content;
}
