#!/usr/bin/env bash
# Goes on after a run on the cluster that was killed (SIGKILL, a crash or reboot of the login node, a lost session):
#   bash slurm/resume.sh [--dead] [what stood behind `snakemake --profile slurm`]
# Such a run leaves its jobs in the queue and cannot take them up again. This cancels them, waits until they have ended, so
# that no file has two writers, takes away the dead run's lock, and starts anew: what was finished stays, and long jobs go
# on from their last state. After Ctrl-C this is not needed: Snakemake then cancels its jobs itself.
set -euo pipefail
case " $* " in *" --directory"* | *" -d "*)
  echo "This deals with runs in the checkout itself: on a cluster, give an experiment a clone in place of a --directory." >&2
  exit 1
  ;;
esac
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." # the folder above profiles/slurm, also through the link `slurm`
folder=$(pwd -P)
prefix=$(sed -n 's/^slurm-jobname-prefix: *\([A-Za-z0-9_-]*\).*/\1/p' profiles/slurm/config.yaml)

# A living run would submit again what is cancelled here. Whether it lives can be seen on its own machine alone.
host=$(ls -t .snakemake/log/*.log 2>/dev/null | xargs --no-run-if-empty sed -n 's/^ *Host: *//p' | head -n 1 || true)
if [ -n "$host" ] && [ "$host" != "$(hostname)" ] && [ "${1:-}" != --dead ]; then
  echo "The last run here was started on $host: go on there, or say --dead first if no Snakemake runs there any more." >&2
  exit 1
fi
[ "${1:-}" = --dead ] && shift
# Jobs may run on this machine too: Slurm tells them by a variable.
for process in $(pgrep --full snakemake); do
  if tr '\0' '\n' <"/proc/$process/cmdline" 2>/dev/null | head -n 3 | grep --quiet --line-regexp --extended-regexp '(.*/)?snakemake' &&
    [ "$(readlink "/proc/$process/cwd")" = "$folder" ] &&
    ! grep --quiet --null-data '^SLURM_JOB_ID=' "/proc/$process/environ"; then
    echo "A run still lives here: process $process. Stop it with \`kill -INT $process\`; nothing was changed." >&2
    exit 1
  fi
done

orphans() { # of this folder: other checkouts' jobs are none of ours
  squeue --me --noheader --format '%A %j %Z' | awk -v prefix="${prefix}_" -v folder="$folder" \
    'index($2, prefix) == 1 { id = $1; sub(/^[^ ]+ [^ ]+ /, ""); if ($0 == folder) print id }'
}

found=$(orphans)
if [ -n "$found" ]; then
  echo "Cancelling the jobs that the killed run left:" $found
  scancel $found
  while [ -n "$(orphans)" ]; do sleep 1; done
fi
snakemake --profile slurm --unlock "$@"
exec snakemake --profile slurm "$@"
