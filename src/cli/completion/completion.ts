import type { Handler } from '../context.js'

/** `tickets completion SHELL`: prints the script that makes a shell call `tickets complete`. */
export const run: Handler<object, [string]> = async ({ output }, _options, shell) => {
  await output.write(scripts[shell as keyof typeof scripts])
}

/**
 * Candidates come from the database, and a show may be called $(rm -rf ~), so no script lets its
 * shell expand a candidate. (That rules out `compgen -W`, which ready-made scripts rely on.)
 */
const scripts = {
  bash: `# Completion of tickets for bash. In ~/.bashrc: source <(tickets completion bash)
_tickets() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then compopt -o default 2>/dev/null; continue; fi
    COMPREPLY+=("$line")
  done < <(tickets complete bash "$COMP_CWORD" -- "\${COMP_WORDS[@]}" 2>/dev/null)
}
complete -F _tickets tickets
`,
  zsh: `#compdef tickets
# Completion of tickets for zsh. In ~/.zshrc, below compinit: source <(tickets completion zsh)
_tickets() {
  local line
  local -a values texts
  while IFS= read -r line; do
    if [[ $line == :files ]]; then _files; return; fi
    values+=("\${line%%$'\\t'*}")
    texts+=("\${line//$'\\t'/  -- }")
  done < <(tickets complete zsh $((CURRENT - 1)) -- "\${words[@]}" 2>/dev/null)
  compadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -l -d texts -a values
}
if [[ $funcstack[1] == _tickets ]]; then _tickets "$@"; else compdef _tickets tickets; fi
`,
  fish: `# Completion of tickets for fish: tickets completion fish > ~/.config/fish/completions/tickets.fish
function __tickets_complete
    set -l words (commandline -opc)
    for line in (tickets complete fish (count $words) -- $words (commandline -ct) 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            printf '%s\\n' $line
        end
    end
end
complete -c tickets -f -a '(__tickets_complete)'
`,
}

/** The shells that there is a script for. */
export type Shell = keyof typeof scripts
