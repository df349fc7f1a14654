/**
 * Wraps `require` so that the built-in modules that are slow to load are loaded at their first use:
 * a booking needs none of them, but the libraries name them at the top of their files. The build
 * puts the text of this function at the top of each script.
 */
export function lateRequire(require) {
  const isSlow = (name) => /^(node:)?(child_process|crypto|dns|fs\/promises|tls)$/.test(name)
  const late = (name) => new Proxy({}, { get: (_, key) => require(name)[key] })
  return (name) => (isSlow(name) ? late(name) : require(name))
}
