pragma circom 2.0.0;
template Cube() {
    signal input x;
    signal input k;
    signal output y;
    signal s;
    s <== x * x;
    y <== s * x + 3 * k + 5;
}
component main {public [k]} = Cube();
