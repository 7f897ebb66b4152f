/* An Image that is no kernel: it writes WHO and what the device tree's bootargs say from ocfgw.slot=
 * on to the serial port of QEMU's virt machine, and resets. */
	b start
	.long 0
	.quad 0, 0x1000, 0	/* text_offset, image_size, flags */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long 0

start:
	mov x19, x0
	mov x20, #0x09000000
	adr x1, who
	bl print
	ldr x2, slot
1:	ldrb w3, [x19], #1
	orr x4, x3, x4, lsl #8
	cmp x4, x2
	b.ne 1b
	sub x1, x19, #8
	bl print
	ldr w0, reset
	hvc #0
2:	b 2b

print:
	ldrb w3, [x1], #1
	strb w3, [x20]
	cbnz w3, print
	mov w3, #'\n'
	strb w3, [x20]
	ret

	.balign 8
slot:	.ascii "ls.wgfco"	/* "ocfgw.sl" */
reset:	.long 0x84000009	/* PSCI SYSTEM_RESET */
who:	.asciz WHO
