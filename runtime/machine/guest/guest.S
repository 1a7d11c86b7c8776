# The built-in guest: a few hundred bytes that show a machine at work.
#
# Ring 0 prints to the first serial port; ring 3 counts, dirties memory and checks what it finds there. Nearly all time is spent in
# ring 3, because some nested hypervisors emulate ring 0 one instruction at a time. There, neither `syscall` nor `int` leads back to
# ring 0, but exceptions do: ring 3 asks for a heartbeat line by `ud2`.
#
# The machine builds page tables (identity, everything open to ring 3), GDT, IDT and TSS, and enters at `start` in 64-bit ring 0 with
# a stack. Interrupts stay off for good. Loaded at IMAGE; the first words tell the machine the entry points.
#
# Assembled by:  cc -nostdlib -static -Wl,-Ttext=0xa000,--oformat=binary,--build-id=none -o guest.bin guest.S
# A test compares guest.bin with this file.

        .intel_syntax noprefix
        .code64
        .text
        .globl  _start

# ---- Addresses and layouts shared with the machine (src/guest/layout.rs) -------------------------------------------------------

        .set    CONTROL,     0xb000     # control block, one page
        .set    COUNTER,     0x08       # incremented by every turn of the loop
        .set    RATE,        0x10       # pages to dirty per second; 0 = none
        .set    PAGES,       0x18       # size of the working set, pages
        .set    TSC_HZ,      0x20       # ticks of the time stamp counter per second
        .set    BEATS,       0x28       # heartbeats so far
        .set    DIRTIED,     0x30       # pages dirtied so far
        .set    ERRORS,      0x38       # memory or registers that were not as they had been left
        .set    BASE,        0x40       # first byte of the working set
        .set    LIMIT,       0x48       # pages there are for the working set

        .set    USER_CODE,   0x33
        .set    USER_DATA,   0x2b

        .set    COM1,        0x3f8
        .set    LSR,         COM1 + 5
        .set    LSR_EMPTY,   0x20       # the transmitter takes a byte

        .set    MAX_RATE,    1 << 24    # keeps rate * ticks within 64 bits
        .set    PATIENCE,    64         # looks at a busy transmitter before a byte is dropped

_start:
        .quad   start                   # entry
        .quad   beat                    # vector 6: ring 3 wants a heartbeat
        .quad   nmi                     # vector 2
        .quad   unexpected              # every other vector

# ---- Ring 0 --------------------------------------------------------------------------------------------------------------------

start:
        lea     rsi, [rip + setup]      # port offset and value, until 0xff
1:      movzx   edx, byte ptr [rsi]
        cmp     dl, 0xff
        je      2f
        add     edx, COM1
        mov     al, [rsi + 1]
        out     dx, al
        add     rsi, 2
        jmp     1b
2:      lea     rsi, [rip + greeting]
        call    print
        push    USER_DATA
        push    0                       # ring 3 uses no stack
        push    2                       # flags: interrupts off
        push    USER_CODE
        lea     rax, [rip + worker]
        push    rax
        iretq

# Vector 6. Prints a line and goes on behind the ud2.
beat:   test    byte ptr [rsp + 8], 3   # only ring 3 has a ud2
        jz      unexpected
        add     qword ptr [rsp], 2
        push    rax
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    r8
        mov     edi, CONTROL
        inc     qword ptr [rdi + BEATS]
        lea     rsi, [rip + text_beat]
        mov     rax, [rdi + BEATS]
        call    report
        lea     rsi, [rip + text_counter]
        mov     rax, [rdi + COUNTER]
        call    report
        lea     rsi, [rip + text_pages]
        mov     rax, [rdi + DIRTIED]
        call    report
        lea     rsi, [rip + text_errors]
        mov     rax, [rdi + ERRORS]
        call    report
        lea     rsi, [rip + text_end]
        call    print
        pop     r8
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rax
        iretq

# Vector 2.
nmi:    push    rax
        push    rcx
        push    rdx
        push    rsi
        lea     rsi, [rip + text_nmi]
        call    print
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rax
        iretq

# Anything else is a mistake of this program or of the machine under it.
unexpected:
        lea     rsi, [rip + text_unexpected]
        call    print
1:      cli
        hlt
        jmp     1b

# Prints the text at rsi and the number rax in decimal. Changes rax, rcx, rdx, rsi, r8.
report: mov     r8, rax
        call    print
        mov     rax, r8
        mov     ecx, 10
        push    0                       # end of digits
1:      xor     edx, edx
        div     rcx
        add     edx, '0'
        push    rdx
        test    rax, rax
        jnz     1b
2:      pop     rax
        test    eax, eax
        jz      3f
        call    put
        jmp     2b
3:      ret

# Prints the zero-terminated text at rsi. Changes rax, rcx, rdx, rsi.
print:  mov     al, [rsi]
        inc     rsi
        test    al, al
        jz      1f
        call    put
        jmp     print
1:      ret

# Sends al. A transmitter that stays busy loses the byte rather than stop the guest. Changes rax, rcx, rdx.
put:    mov     ah, al
        mov     ecx, PATIENCE
        mov     edx, LSR
1:      in      al, dx
        test    al, LSR_EMPTY
        jnz     2f
        dec     ecx
        jnz     1b
        ret
2:      mov     al, ah
        mov     edx, COM1
        out     dx, al
        ret

# ---- Ring 3 --------------------------------------------------------------------------------------------------------------------
#
# rbx control block             r12 counter at the last turn    r15 pages dirtied so far
# rbp next page of the set      r13 ticks since the heartbeat   xmm6 the same, counted by xmm7 = 1
# rsi size of the set           r14 ticks * rate not yet spent  r11 pages of this set stamped so far, at most rsi
#
# A page's first word is the number it was dirtied as. When the set has been gone through once, each page must still hold the number
# it was given one round before, and xmm6 must equal r15: what a migration loses shows up in ERRORS.

worker: mov     ebx, CONTROL
        xor     ebp, ebp
        xor     esi, esi
        xor     r11d, r11d
        xor     r13d, r13d
        xor     r14d, r14d
        xor     r15d, r15d
        pxor    xmm6, xmm6
        mov     eax, 1
        movq    xmm7, rax
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     r12, rax

turn:   inc     qword ptr [rbx + COUNTER]
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     rcx, rax
        sub     rcx, r12                # ticks since the last turn
        mov     r12, rax
        jns     1f
        xor     ecx, ecx                # the counter went backwards: another host
1:      mov     r8, [rbx + TSC_HZ]
        mov     rax, r8
        shr     rax, 3
        cmp     rcx, rax
        cmova   rcx, rax                # the machine stood still, or the counter jumped: at most an eighth of a second
        add     r13, rcx
        cmp     r13, r8
        jb      2f
        sub     r13, r8
        ud2

2:      mov     rax, [rbx + RATE]
        mov     r9d, MAX_RATE
        cmp     rax, r9
        cmova   rax, r9
        test    rax, rax
        jz      7f
        imul    rax, rcx
        add     r14, rax
        mov     rax, r8
        shl     rax, 12
        cmp     r14, rax
        cmova   r14, rax                # owe at most 4096 pages

3:      cmp     r14, r8
        jb      turn
        mov     rax, [rbx + PAGES]
        mov     rdx, [rbx + LIMIT]
        cmp     rax, rdx
        cmova   rax, rdx
        test    rax, rax
        jz      7f
        sub     r14, r8
        cmp     rax, rsi
        je      4f
        mov     rsi, rax                # another size: begin anew
        xor     ebp, ebp
        xor     r11d, r11d

4:      mov     rdi, rbp
        shl     rdi, 12
        add     rdi, [rbx + BASE]
        cmp     r11, rsi
        jb      5f                      # first round: nothing to find
        mov     rax, r15
        sub     rax, rsi
        inc     rax
        cmp     [rdi], rax
        je      6f
        inc     qword ptr [rbx + ERRORS]
        jmp     6f
5:      inc     r11
6:      inc     r15
        paddq   xmm6, xmm7
        movq    rax, xmm6
        cmp     rax, r15
        je      8f
        inc     qword ptr [rbx + ERRORS]
        movq    xmm6, r15
8:      movq    [rdi], xmm6
        mov     [rbx + DIRTIED], r15
        inc     rbp
        cmp     rbp, rsi
        jb      3b
        xor     ebp, ebp
        jmp     3b

7:      xor     r14d, r14d              # nothing to dirty, nothing owed
        jmp     turn

# ---- Data ----------------------------------------------------------------------------------------------------------------------

setup:  .byte   1, 0x00                 # no interrupts
        .byte   3, 0x03                 # 8 bits, no parity, one stop bit
        .byte   2, 0x07                 # FIFOs on and empty
        .byte   4, 0x0b                 # terminal ready, request to send, OUT2
        .byte   0xff

greeting:
        .asciz  "QAPI built-in guest: counter at 0xb008, pages/s to dirty at 0xb010, working set (pages) at 0xb018\r\n"
text_beat:
        .asciz  "heartbeat "
text_counter:
        .asciz  ": counter "
text_pages:
        .asciz  ", pages dirtied "
text_errors:
        .asciz  ", errors "
text_end:
        .asciz  "\r\n"
text_nmi:
        .asciz  "NMI\r\n"
text_unexpected:
        .asciz  "unexpected exception, halted\r\n"
