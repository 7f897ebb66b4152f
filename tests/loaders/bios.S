/* A bzImage that is no kernel: it writes WHO and its command line to the serial port, and resets. */
	.code32
	.org 0x1f1
	.byte 1			/* setup_sects */
	.org 0x1fe
	.word 0xaa55
	.org 0x202
	.ascii "HdrS"
	.word 0x203
	.org 0x211
	.byte 1			/* loadflags: loaded high */
	.org 0x214
	.long 0x100000		/* code32_start */
	.org 0x22c
	.long 0x37ffffff	/* initrd_addr_max */

	.org 0x400
	mov 0x228(%esi), %ebx	/* cmd_line_ptr */
	call 1f
	.asciz WHO
1:	pop %esi
	call print
	mov %ebx, %esi
	call print
	mov $0xfe, %al
	out %al, $0x64
2:	hlt
	jmp 2b

print:
	cld
	mov $0x3f8, %dx
3:	lodsb
	test %al, %al
	jz 4f
	out %al, %dx
	jmp 3b
4:	mov $'\n', %al
	out %al, %dx
	ret
