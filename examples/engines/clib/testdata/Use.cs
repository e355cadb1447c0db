// Styles a small frame through the library by P/Invoke; main_test.go runs it.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

static class Use
{
    [DllImport("impasto")] static extern long ImpastoOpenBytes(byte[] data, long length, int threads, byte[] message, int size);
    [DllImport("impasto")] static extern int ImpastoKeepColor(long handle, int keep);
    [DllImport("impasto")] static extern int ImpastoStylizeRGBA(long handle, byte[] dst, byte[] src,
        int width, int height, int stride, float strength, byte[] message, int size);
    [DllImport("impasto")] static extern void ImpastoClose(long handle);

    static readonly byte[] message = new byte[300];

    static string Message() { return Encoding.UTF8.GetString(message, 0, Array.IndexOf(message, (byte)0)); }

    static int Main(string[] args)
    {
        byte[] model = File.ReadAllBytes(args[0]);
        if (ImpastoOpenBytes(model, 100, 0, message, message.Length) != 0 || Message().Length < 20)
            return 1;
        if (ImpastoOpenBytes(model, model.Length, -1, message, message.Length) != 0 || !Message().Contains("-1 threads"))
            return 2;
        long h = ImpastoOpenBytes(model, model.Length, 1, message, message.Length);
        if (h == 0)
        {
            Console.WriteLine(Message());
            return 3;
        }
        var frame = new byte[16 * 12 * 4];
        for (int i = 0; i < frame.Length; i++)
            frame[i] = (byte)(i % 4 == 3 ? 255 : i * 7);
        if (args[1] == "keep" && ImpastoKeepColor(h, 1) != 1)
            return 4;
        if (ImpastoStylizeRGBA(h, frame, frame, 16, 12, 64, 1, message, message.Length) != 1)
        {
            Console.WriteLine(Message());
            return 5;
        }
        Console.Write(BitConverter.ToString(frame).Replace("-", ""));
        ImpastoClose(h);
        return ImpastoKeepColor(h, 1);
    }
}
