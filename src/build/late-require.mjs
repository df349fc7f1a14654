/**
 * Wraps `require` so that the built-in modules that are slow to load are loaded at their first use:
 * the libraries name them at the top of their files, and a booking uses none of them. The build puts
 * the text of this function at the top of each script.
 */
export function lateRequire(require) {
  const isSlow = (name) =>
    /^(node:)?(assert|child_process|crypto|dns|fs\/promises|module|timers\/promises|tls)$/.test(
      name,
    )
  const late = (name) =>
    new Proxy(() => {}, {
      get: (_, key) => require(name)[key],
      apply: (_, _self, args) => require(name)(...args),
    })
  return (name) => (isSlow(name) ? late(name) : require(name))
}
