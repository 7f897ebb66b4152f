# U-Boot: start the slot that ocf-fw-write chose. For `mkimage -T script`, or as bootcmd.
# Variables as RAUC's: BOOT_ORDER, BOOT_A_LEFT, BOOT_B_LEFT (hexadecimal). The environment needs two
# copies (CONFIG_SYS_REDUNDAND_ENVIRONMENT), so that each change of it is all or nothing.
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3

last="${slot}"
setenv slot
for name in "${BOOT_ORDER}"; do
	if test -n "${slot}"; then
		true
	elif test "${name}" = "A" -a 0x${BOOT_A_LEFT} -gt 0; then
		setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
		setenv slot A
		setenv part 2
	elif test "${name}" = "B" -a 0x${BOOT_B_LEFT} -gt 0; then
		setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
		setenv slot B
		setenv part 3
	fi
done

# Neither may start: once more the one that ran last, which stays in the environment with its part.
# That one is whole; the other one may be half written.
test -n "${slot}" || setenv slot "${last}"

if test -n "${slot}"; then
	saveenv
	setenv bootargs "${bootargs} root=/dev/mmcblk0p${part} rootwait ro ocfgw.slot=${slot}"
	# Only together: a reset leaves the last start's kernel in the memory.
	if load mmc 0:${part} ${kernel_addr_r} /boot/Image; then
		if load mmc 0:${part} ${fdt_addr_r} /boot/board.dtb; then
			booti ${kernel_addr_r} - ${fdt_addr_r}
		fi
	fi
fi
# The chosen one did not start: the watchdog or this brings the next attempt.
reset
