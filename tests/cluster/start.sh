#!/usr/bin/env bash
# start.sh FOLDER [--accounting]: a Slurm cluster of one node with two GPUs that are none, as root, for the tests.
# Keys, logs and state lie in FOLDER, which is made; stop.sh ends what this starts, and what an earlier one left is ended
# first. Slurm's packages and, for accounting, MariaDB's must be installed. The node claims 16 CPUs and 128 GB whatever it
# has, so that the workflow's own requests fit.
set -euo pipefail
folder=$(realpath -m "$1")
accounting=${2:-}
host=$(hostname -s)
if [ -e /etc/slurm/slurm.conf ] && ! grep -q '^ClusterName=kuzushiji-test' /etc/slurm/slurm.conf; then
  echo "/etc/slurm/slurm.conf belongs to another cluster: this machine is not for tests" >&2
  exit 1
fi
bash "$(dirname "$0")/stop.sh"
export KUZUSHIJI_TEST_CLUSTER=$folder # by which stop.sh finds all of it
mkdir -p "$folder"/{log,run,state,spool,munge,gpu} /etc/slurm # Slurm's job steps read no other place
touch "$folder/log/kuzushiji-test-cluster" # where the daemons work: stop.sh finds by it those that hide the variable
chmod 755 "$folder"

# slurmd sets CUDA_VISIBLE_DEVICES for character devices alone; these are /dev/null by another name.
for gpu in 0 1; do
  [ -e "$folder/gpu/$gpu" ] || mknod "$folder/gpu/$gpu" c 1 3
done
if [ ! -s "$folder/munge/key" ]; then
  head -c 128 /dev/urandom >"$folder/munge/key"
  chmod 400 "$folder/munge/key"
fi
munged --force --key-file="$folder/munge/key" --socket="$folder/run/munge.socket" --pid-file="$folder/run/munged.pid" \
  --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"

# Below the ports that the system hands out by itself, so that they are still free when the daemons start.
read -r ctld_port slurmd_port dbd_port database_port < <(
  python3 - <<'END'
import random
import socket

taken = []
while len(taken) < 4:
    one = socket.socket()
    try:
        one.bind(("", random.randrange(10000, 32768)))
    except OSError:
        continue
    taken.append(one)
print(*(one.getsockname()[1] for one in taken))
END
)

cat >/etc/slurm/slurm.conf <<END
ClusterName=kuzushiji-test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmdPort=$slurmd_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
MinJobAge=3600
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
DefMemPerCPU=100
EnforcePartLimits=ALL
KillWait=5
InactiveLimit=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
OverTimeLimit=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=16 RealMemory=128000 Gres=gpu:test:2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$host MaxTime=INFINITE State=UP
END
cat >/etc/slurm/gres.conf <<END
AutoDetect=off
NodeName=$host Name=gpu Type=test File=$folder/gpu/[0-1]
END

if [ "$accounting" = --accounting ]; then
  cat >>/etc/slurm/slurm.conf <<END
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$dbd_port
AccountingStoragePass=$folder/run/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
END
  database=(mariadb --no-defaults --socket="$folder/run/mariadb.socket")
  [ -d "$folder/database/mysql" ] || mariadb-install-db --no-defaults --user=root --datadir="$folder/database" \
    --auth-root-authentication-method=socket --skip-test-db >"$folder/log/mariadb-install.log" 2>&1
  mariadbd --no-defaults --user=root --datadir="$folder/database" --socket="$folder/run/mariadb.socket" \
    --pid-file="$folder/run/mariadb.pid" --bind-address=127.0.0.1 --port="$database_port" --innodb-lock-wait-timeout=900 \
    >"$folder/log/mariadb.log" 2>&1 &
  for _ in $(seq 300); do "${database[@]}" --execute 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
  for at in 127.0.0.1 localhost; do
    "${database[@]}" --execute "create user if not exists slurm@'$at' identified by 'slurm';
      grant all on slurm_acct_db.* to slurm@'$at';"
  done
  cat >/etc/slurm/slurmdbd.conf <<END
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$dbd_port
SlurmUser=root
LogFile=$folder/log/slurmdbd.log
PidFile=$folder/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$database_port
StorageUser=slurm
StoragePass=slurm
END
  chmod 600 /etc/slurm/slurmdbd.conf # or slurmdbd refuses it
  slurmdbd
  for _ in $(seq 300); do sacctmgr --noheader list cluster >/dev/null 2>&1 && break; sleep 0.1; done
  sacctmgr --immediate add cluster kuzushiji-test >/dev/null || true
  sacctmgr --immediate add account default Description=tests Organization=tests >/dev/null || true
  sacctmgr --immediate add user root Account=default >/dev/null || true
fi

slurmctld
slurmd
for _ in $(seq 300); do
  [ "$(timeout 5 sinfo --noheader --partition main --format %t 2>/dev/null)" = idle ] && break
  sleep 0.1
done
sinfo
[ "$(sinfo --noheader --partition main --format %t)" = idle ]
