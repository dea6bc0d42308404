#include "textflag.h"
#include "go_asm.h"

// The levels of alpha, and the order of the bytes red, red, red, red, green, … when they become pixels.
DATA opaque<>+0(SB)/4, $255
GLOBL opaque<>(SB), RODATA|NOPTR, $4
DATA order<>+0(SB)/8, $0x0d0905010c080400
DATA order<>+8(SB)/8, $0x0f0b07030e0a0602
GLOBL order<>(SB), RODATA|NOPTR, $16

// func mixRows(out *uint16, a, b *byte, count, weightA, weightB uint64)
TEXT ·mixRows(SB), NOSPLIT, $0-48
	MOVQ out+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ count+24(FP), CX
	MOVQ weightA+32(FP), R8
	MOVQ weightB+40(FP), R9
	MOVQ R8, X2
	MOVQ R9, X3
	VPBROADCASTW X2, Y2
	VPBROADCASTW X3, Y3
	XORQ AX, AX

mix:
	VPMOVZXBW (SI)(AX*1), Y0
	VPMOVZXBW (DX)(AX*1), Y1
	VPMULLW Y2, Y0, Y0
	VPMULLW Y3, Y1, Y1
	VPADDW Y1, Y0, Y0
	VPSRLW $1, Y0, Y0
	VMOVDQU Y0, (DI)(AX*2)
	ADDQ $16, AX
	CMPQ AX, CX
	JLT mix
	VZEROUPPER
	RET

// func convertRow(v *vector)
TEXT ·convertRow(SB), NOSPLIT, $0-8
	MOVQ v+0(FP), AX
	MOVQ vector_pix(AX), DI
	MOVQ vector_count(AX), CX
	MOVQ vector_y(AX), R8
	MOVQ vector_u(AX), R9
	MOVQ vector_v(AX), R10
	MOVQ vector_lumaAt(AX), R11
	MOVQ vector_chromaAt(AX), R12
	MOVQ vector_lumaWeight(AX), R13
	MOVQ vector_chromaWeight(AX), BX
	VBROADCASTSS vector_luma(AX), Y6
	VBROADCASTSS vector_redU(AX), Y7
	VBROADCASTSS vector_redV(AX), Y8
	VBROADCASTSS vector_red(AX), Y9
	VBROADCASTSS vector_greenU(AX), Y10
	VBROADCASTSS vector_greenV(AX), Y11
	VBROADCASTSS vector_green(AX), Y12
	VBROADCASTSS vector_blueU(AX), Y13
	VBROADCASTSS vector_blueV(AX), Y14
	VBROADCASTSS vector_blue(AX), Y15
	XORQ DX, DX

convert:
	// The two neighbours of each pixel, times their weights, make its luma, Cb and Cr: Y0, Y1, Y2.
	VMOVDQU (R11)(DX*4), Y3
	VPCMPEQD Y4, Y4, Y4
	VPXOR Y0, Y0, Y0
	VPGATHERDD Y4, (R8)(Y3*2), Y0
	VMOVDQU (R12)(DX*4), Y3
	VPCMPEQD Y4, Y4, Y4
	VPXOR Y1, Y1, Y1
	VPGATHERDD Y4, (R9)(Y3*2), Y1
	VPCMPEQD Y4, Y4, Y4
	VPXOR Y2, Y2, Y2
	VPGATHERDD Y4, (R10)(Y3*2), Y2
	VMOVDQU (BX)(DX*4), Y3
	VPMADDWD (R13)(DX*4), Y0, Y0
	VPMADDWD Y3, Y1, Y1
	VPMADDWD Y3, Y2, Y2
	VCVTDQ2PS Y0, Y0
	VCVTDQ2PS Y1, Y1
	VCVTDQ2PS Y2, Y2

	// The matrix makes red, green and blue of them: Y3, Y4, Y5.
	VMULPS Y6, Y0, Y0
	VADDPS Y9, Y0, Y3
	VADDPS Y12, Y0, Y4
	VADDPS Y15, Y0, Y5
	VFMADD231PS Y7, Y1, Y3
	VFMADD231PS Y10, Y1, Y4
	VFMADD231PS Y13, Y1, Y5
	VFMADD231PS Y8, Y2, Y3
	VFMADD231PS Y11, Y2, Y4
	VFMADD231PS Y14, Y2, Y5
	VCVTPS2DQ Y3, Y3
	VCVTPS2DQ Y4, Y4
	VCVTPS2DQ Y5, Y5

	// What is out of range becomes 0 or 255 on the way to bytes.
	VPBROADCASTD opaque<>(SB), Y0
	VBROADCASTI128 order<>(SB), Y1
	VPACKSSDW Y4, Y3, Y3
	VPACKSSDW Y0, Y5, Y5
	VPACKUSWB Y5, Y3, Y3
	VPSHUFB Y1, Y3, Y3
	VMOVDQU Y3, (DI)(DX*4)
	ADDQ $8, DX
	CMPQ DX, CX
	JLT convert
	VZEROUPPER
	RET
