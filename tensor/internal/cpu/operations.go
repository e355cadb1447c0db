package cpu

// operations holds the task of each operation, so that running one allocates
// nothing.
type operations struct {
	fill            fillTask
	add             addTask
	axpy            axpyTask
	relu            reluTask
	reluGrad        reluGradTask
	pad             padTask
	upsample        upsampleTask
	pool            poolTask
	warp            warpTask
	warpGrad        warpGradTask
	warpFlowGrad    warpFlowGradTask
	warpMask        warpMaskTask
	norm            normTask
	affine          affineTask
	pointwise       pointwiseTask
	mask            maskTask
	channels        channelsTask
	gram            gramTask
	gramGrad        gramGradTask
	mul             mulTask
	sum             sumTask
	squares         squares
	elements        elements
	shift           shiftTask
	charbonnier     charbonniers
	charbonnierGrad charbonnierGradTask
	variation       variation
	mseGrad         mseGradTask
	adam            adamTask
	relayout        relayout
	taps            tapConv
	nested          nestedConv
	tapGrad         tapGrad
	winograd        winogradConv
	winogradGrad    winogradGrad
	pack            packTask
}
