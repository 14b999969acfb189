/// How every code point joins with its neighbours into what a reader sees as one.
// Made by scripts/unicode-tables from tokenizers 0.23.3; do not edit by hand.
enum GraphemeTable {
  /// Values in the order of `GraphemeBreak`.
  static let breaks: StaticString = #"""
    3Y23Q13a0Rn3QP0X>0R3>0b`4S_0Xb4V0XV4Q\0404Q04Q040Qg7U0Y4Z030Q]4d0_40ST4V704U0Q4Q04S0QP7040m4j0Rj4Z
    0Qi4X0X40g4S04X04R04T0QZ4R0Qc7Q0T4X0QY4g74o80Qe48408R4W8S48Q04V0Y4Q0l48Q0Qg4048Q4S0Q8Q0Q8Q40X40Y4Q0i
    40Q4Q80Qg408R4Q0S4Q0Q4R0R40m4Q0R40Z4Q80Qg408R4T04Q808Q40c4Q0e4U048Q0Qg404Q84S0Q8Q0Q8Q40V4R0Y4Q0m40Qj
    4848Q0R8R08R40X40QW48R40Qf404R8S04R04S0V4Q0Z4Q0l48Q0Qg4084Q848Q04R04S0V4Q0Z4Q0^80[4Q8Q0Qf4Q048Q4S08R
    08R470W40Y4Q0l48Q0RU40S48Q4R0408V40a8Q0Ql4084V0[4W0SQ4084X0Z4V0RX4Q0j404040S8Q0Q`4]84T04Q0T4Z04QS0X4
    0SU4S84U04Q8Q4Q0f8Q4Q0S4R0_4S0\4084Q0U40^40SQ9Ro:RW;Rg0Zl4R0ma4S0k4R0l4Q0m4Q0Qo4Q84V8W48Q4Z0X40Q\4R3
    40Sd4Q0QQ40Se4R8S4Q8R0S8Q48U4R0Vj4Q8Q40Qh8484V04040Q4W8U4Y0Q40Q_4Q]0Q4[0c4S80Q^4Y8S4R0QU4X0[4Q80m84S
    8Q4U0Qg484Q8R484T0Q_8W4W8Q4Q0Tg4R04\84V0S40U40Q84Q0VU4Qo0`Z3453Q0g3V0\>0[>0e3_0Ro4QP0Q`>0e>0Ri>U0^>Q
    0[^>Q0[>0Rn>0RU>0h>Z0S>R0VV>0WV>Q0Y>0X>0Qi>S0>U0>[0>Sa0Y>Se0Q>Z0>0>0U>0R>0U>0Y>Q0^>0Q>0S>0>0S>R0>0Z
    >T0Q\>R0X>0]>0]>0[c>Q0^^>R0b>Q0Qb>0S>0\h4R0T\40Ro4o0aY4U>0[>0Rj4Q0_k>0>0lnd4S04Y0o4Q0R_4Q0X_40R40S4
    0f8Q4Q80S40Rb8Q0Qa8_4Q0i4a0\40QU4W0h4Z840[9l0R4R80Q^48Q4S8Q4Q8Q40QS40RR4U8Q4Q8Q4Q0[40W480Q]40Qb404R
    0Q4Q0T4Q040QX84Q8Q0T840W[8Q48Q48Q0840a<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<
    =j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j<=j0[:f0S;Q`0XiQ40gP4_0_4_0V^30Tm4Q0R_3[0`P40WQ40Td4T
    0QdU4R04Q0T4S0QW4R0S40UT4Q0al4S0RP4T0Yl4Q0R\4U0RU4Z0Q`4S0Si8480Qd4^0QX40Q4Q0Y4R80Q\8R4S8Q4Q0Q70S40Y7
    0Qa4R0QS4T84W0_8Q0Q[40[4Q80Q_8R4X8407Q0T4S0840Rk8R4R8Q4S0U40Q40Tl48R4W0d4Q8Q0Qf4Q04848S0Q8Q0Q8Q40X4
    0Y8Q0Q4V0R4T0RR48Q4U040Q404R808Q4R740]4Q0Ra8R4W8Q4R840f40R`48Q4U848Q484Q84Q0WZ48Q4S0Q8S4Q84Q0j4Q0Ra
    8R4W8Q484Q0SY4848Q4W0ST4840Q4S84T0Wo8R4X84Q0Wd48T08Q0Q4S787840T\8R4S0Q4Q8S40R80k4Y0QW4U804S0W40X4U8Q
    4R0QW7U4\84Q0VU484R8480VV84V04U840Ra4e084V84Q84Q0Si4U0R404Q04V740RQ8T04Q08Q4840Zj4Q8Q0X4Q780Q_8Q4T0R
    8Q4R0f40UVd3_40U4^0[VW4[8R4R0R]o4T0Qj4V0a[:0R:S0_S408Qf0V4S0R`40Z4Q0cUZ4Q03S0Tbk4Q]0Q4f0`m4T0R4U3W4W
    0Q4V0m4S0Tc4R0Qmj4Qf0S4Qa0W40]40e4T04^0QZ_4V04`0Q4V04Q04T0SS40To4V0[f40Ql4S0_k4S0Wm4Q0Wb40Q40V4Q0T4
    0^i4V0S\4V0Qed>Wo0\>R0n>0Qk>U0[>Q0]>0Q>Y0a>Qh6i0>^0Y>0c>0Q>X0>S0X>]a4T>Ym0W>XY0Q_>So0Sc>[0Rd>QZ0[>S
    0Qg>W0Y>U0QW>W0m>Ra0[>Q^0>Y0>]h0Wo>om0hPPQ3o4Ro3So4W_3S`_0Ukoo
    """#
}
