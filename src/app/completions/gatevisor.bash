# bash completion of gatevisor(1). That it names every command and option is checked by
# tests/app/completions_test.cc.

_gatevisor_units() {
  gatevisor status --json 2>/dev/null |
    grep -o '"name":"[^"]*\.service"' | cut -d'"' -f4
}

_gatevisor() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
  local commands='run verify show doctor why history log start stop restart reload kill reset-failed status
    is-active healthcheck events metrics exporter'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
    return
  fi
  case $previous in
    --socket | --termination-log | -i | --file) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --journal-dir | -D | --directory) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --control-group) mapfile -t COMPREPLY < <(compgen -g -- "$word"); return ;;
    --console) mapfile -t COMPREPLY < <(compgen -W 'pass prefix json none' -- "$word"); return ;;
    --format) mapfile -t COMPREPLY < <(compgen -W 'openmetrics prometheus' -- "$word"); return ;;
    --log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word"); return ;;
    --kill-whom) mapfile -t COMPREPLY < <(compgen -W 'all main control' -- "$word"); return ;;
    -s | --signal) mapfile -t COMPREPLY < <(compgen -A signal -- "$word"); return ;;
  esac
  local options='--help'
  case $command in
    run) options+=' --main --keep-running --allow --name --property --log-format --journal-dir --journal-socket --syslog-socket --console --termination-log --socket --control-group' ;;
    verify) options+=' --allow --json' ;;
    show) options+=' --property --all --value --json --set --allow' ;;
    doctor) options+=' --json' ;;
    why) options+=' --json --utc --directory --file --lines --invocation' ;;
    history) options+=' --json --utc --directory --file --cause --since --until' ;;
    log) options+=' --directory --file --unit --lines --follow --since --until --output --priority --grep --boot --reverse' ;;
    start | restart) options+=' --socket --no-block --wait' ;;
    stop | reload) options+=' --socket --no-block' ;;
    kill) options+=' --socket --signal --kill-whom' ;;
    status) options+=' --socket --json --watch --lines' ;;
    is-active) options+=' --socket --quiet' ;;
    reset-failed | healthcheck | events) options+=' --socket' ;;
    metrics) options+=' --socket --format' ;;
    exporter) options+=' --socket --listen' ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    return
  fi
  case $command in
    run | verify | show) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    start | stop | restart | reload | kill | reset-failed | status | is-active | healthcheck | events | metrics | exporter)
      mapfile -t COMPREPLY < <(compgen -W "$(_gatevisor_units)" -- "$word")
      ;;
  esac
}
complete -F _gatevisor gatevisor
