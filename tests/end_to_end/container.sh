# Runs a program as an agent runs one in a job's container: only some of the agent's folders are there, at other paths, and the
# variables name them so (ContainerInfo.cs, ContainerOperationProvider.cs of the agent). The machine's programs stand for the image's.
#
#   unshare -rmu bash container.sh CONTAINER AGENT TOOLS PROGRAM ARGUMENT...
set -e
container=$1 agent=$2 tools=$3
shift 3

# A container has a name and a root of its own; the kernel is the machine's.
hostname "${container##*/}"
root=$container/root
mount -t tmpfs container "$root"
for folder in /*; do
    if [ -L "$folder" ]; then
        cp -P "$folder" "$root$folder"
    elif [ -d "$folder" ] && [ "$folder" != /tmp ]; then
        mkdir "$root$folder"
        mount --rbind "$folder" "$root$folder"
    fi
done
for hidden in "$agent" "$container"; do
    [ ! -d "$root$hidden" ] || mount -t tmpfs hidden "$root$hidden"
done
at() {
    mkdir -p "$root$2"
    mount --bind "$1" "$root$2"
}
at "$container/tmp" /tmp
at "$container/home" /builder
at "$agent/company" /company
at "$agent/_work/1" /__w/1
at "$agent/_work/_temp" /__w/_temp
at "$agent/_work/_tool" /__t
at "$agent/_work/_tasks" /__w/_tasks
mount -o remount,bind,ro "$root/__w/_tasks"
# Where they lie below the machine's temporary folder, an earlier start has left the mere place.
[ ! -d "$tools" ] || [ -e "$root$tools/bin" ] || at "$tools" "$tools"
[ ! -f "$container/boot_id" ] || mount --bind "$container/boot_id" "$root/proc/sys/kernel/random/boot_id"

# What is the image's own, anywhere in a value; the agent's folders, where a value begins with one.
inside() {
    seen=${1//"$agent/company"//company}
    seen=${seen//"$container/home"//builder}
    case $seen in
    "$agent/_work/_tool" | "$agent/_work/_tool/"*) seen=/__t${seen#"$agent/_work/_tool"} ;;
    "$agent/_work" | "$agent/_work/"*) seen=/__w${seen#"$agent/_work"} ;;
    "$agent" | "$agent/"*) seen=/__a${seen#"$agent"} ;;
    esac
}
while IFS= read -r name; do
    inside "${!name}"
    printf -v "$name" %s "$seen"
done < <(compgen -e)
words=()
for word in "$PWD" "$@"; do
    inside "$word"
    words+=("$seen")
done
# bash hands on the agent's variables whose names no shell can say.
exec chroot "$root" bash -c 'cd "$0" && exec "$@"' "${words[@]}"
