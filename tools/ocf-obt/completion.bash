# Completion of ocf-obt for bash: the program itself tells commands, options and devices.
# shellcheck shell=bash
_ocf_obt() {
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
	local IFS=$'\n'
	COMPREPLY=()
	case $before in
	--*-file | --approved | --trust | --body | --dir)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--method) words=$'manufacturer-certificate\nrandom-pin\nfixed-pin\njust-works' ;;
	--scope) words=$'link\nrealm\nsite' ;;
	--as) words=$'owner\ncredentials\naccess' ;;
	*)
		if [ "$COMP_CWORD" = 1 ]; then
			words=$(ocf-obt help --words 2>/dev/null)
		elif [[ $cur == -* ]]; then
			words=$(ocf-obt help --words "${COMP_WORDS[1]}" 2>/dev/null)
		else
			case ${COMP_WORDS[1]} in
			apply | backup | restore | take-over)
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
				return
				;;
			esac
			words=$(ocf-obt list --names 2>/dev/null)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	for words in "${!COMPREPLY[@]}"; do
		COMPREPLY[words]=$(printf '%q' "${COMPREPLY[words]}")
	done
}
complete -F _ocf_obt ocf-obt
